package bench.flink;

import bench.Race;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

/** Puts campaign and window to a count. */
final class Label extends ProcessWindowFunction<Long, Tuple2<String, Long>, String, TimeWindow> {
    @Override
    public void process(String campaign, Context context, Iterable<Long> counts, Collector<Tuple2<String, Long>> out) {
        String window = campaign + ":" + context.window().getStart() / Race.WINDOW_MS;
        out.collect(Tuple2.of(window, counts.iterator().next()));
    }
}
