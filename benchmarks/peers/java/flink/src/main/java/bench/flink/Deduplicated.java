package bench.flink;

import bench.Ads;
import bench.Race;
import bench.Result;
import bench.Shown;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** IOC-1 in Flink, in one JVM: keyed by the event's id what repeats is left out, keyed by the department it is counted. */
public final class Deduplicated {
    private static final Duration DISORDER = Duration.ofSeconds(30);

    private Deduplicated() {}

    public static void main(String[] arguments) throws Exception {
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> Result.fail(error)); // no thread keeps it alive
        Race race = new Race("flink-ioc1", Ads.given());
        Shown<Long> shown = Shown.counts(race);
        StreamExecutionEnvironment environment = Job.environment(race);
        WatermarkStrategy<Arrival> times = WatermarkStrategy.<Arrival>forBoundedOutOfOrderness(DISORDER)
                .withTimestampAssigner((event, stored) -> event.isValid ? event.time : Long.MIN_VALUE);
        environment.fromSource(Job.source(race, new Arrivals()), times, "events").uid("events")
                .keyBy(event -> event.id)
                .process(new Judge()).uid("judge")
                .keyBy(view -> view.campaign)
                .process(new KeyedCount(Judge.WINDOW)).uid("count")
                .sinkTo(Job.sink(race, shown.topic)).uid("shown");
        Job.run(environment, race, shown);
    }
}
