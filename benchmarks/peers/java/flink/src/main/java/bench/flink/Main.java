package bench.flink;

import bench.Ads;
import bench.Race;
import bench.Result;
import bench.Shown;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;

/** The Yahoo Streaming Benchmark in Flink, in one JVM; the argument says how: window or operator. */
public final class Main {
    /** The benchmark's events are mostly up to 100 ms out of order, rarely a minute. */
    private static final Duration DISORDER = Duration.ofSeconds(1);
    static final Duration LATENESS = Duration.ofSeconds(61);

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> Result.fail(error)); // no thread keeps it alive
        String variant = arguments[0];
        Race race = new Race("flink-" + variant, Ads.given());
        Shown<Long> shown = Shown.counts(race);
        StreamExecutionEnvironment environment = Job.environment(race);
        KeyedStream<View, String> views = views(environment, race).keyBy(view -> view.campaign);
        DataStream<Tuple2<String, Long>> counts = switch (variant) {
            case "window" -> views.window(TumblingEventTimeWindows.of(Duration.ofMillis(Race.WINDOW_MS)))
                    .allowedLateness(LATENESS)
                    .trigger(new EachSecond())
                    .aggregate(new Count(), new Label());
            case "operator" -> views.process(new KeyedCount(LATENESS));
            default -> throw new IllegalArgumentException("window or operator, not " + variant);
        };
        counts.sinkTo(Job.sink(race, shown.topic));
        Job.run(environment, race, shown);
    }

    private static DataStream<View> views(StreamExecutionEnvironment environment, Race race) {
        WatermarkStrategy<View> times = WatermarkStrategy.<View>forBoundedOutOfOrderness(DISORDER)
                .withTimestampAssigner((view, stored) -> view.time);
        return environment.fromSource(Job.source(race, new Views()), times, "events");
    }
}
