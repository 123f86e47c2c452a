package bench.flink;

import bench.Meter;
import bench.Race;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Counts by hand: per campaign a map of window to its count, shown in each second in which it changed. */
final class KeyedCount extends KeyedProcessFunction<String, View, Tuple2<String, Long>> {
    private static final int COUNT = 0;
    private static final int SHOWN = 1;

    private final long lateness;
    private transient MapState<Long, long[]> windows;
    private transient Meter.Lane lane;

    /** Windows are kept for so long behind the watermark. */
    KeyedCount(Duration lateness) {
        this.lateness = lateness.toMillis();
    }

    @Override
    public void open(OpenContext context) {
        windows = getRuntimeContext().getMapState(new MapStateDescriptor<>("windows", Types.LONG,
                PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO));
        lane = Running.race.meter.lane();
    }

    @Override
    public void processElement(View view, Context context, Collector<Tuple2<String, Long>> out) throws Exception {
        long window = view.time / Race.WINDOW_MS;
        long[] cell = windows.get(window);
        if (cell == null) {
            cell = new long[2];
            windows.put(window, cell);
        }
        cell[COUNT]++;
        context.timerService().registerProcessingTimeTimer(
                EachSecond.next(context.timerService().currentProcessingTime()));
        lane.counted();
    }

    @Override
    public void onTimer(long time, OnTimerContext context, Collector<Tuple2<String, Long>> out) throws Exception {
        long watermark = context.timerService().currentWatermark();
        Iterator<Map.Entry<Long, long[]>> all = windows.iterator();
        while (all.hasNext()) {
            Map.Entry<Long, long[]> one = all.next();
            long[] cell = one.getValue();
            if (cell[COUNT] != cell[SHOWN]) {
                cell[SHOWN] = cell[COUNT];
                out.collect(Tuple2.of(context.getCurrentKey() + ":" + one.getKey(), cell[COUNT]));
            } else if ((one.getKey() + 1) * Race.WINDOW_MS + lateness <= watermark) {
                all.remove();
            }
        }
    }
}
