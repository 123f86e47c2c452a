package bench.streams;

import bench.Ads;
import bench.Race;
import bench.Result;
import bench.Shown;
import org.apache.kafka.streams.StreamsBuilder;

/** The Yahoo Streaming Benchmark in Kafka Streams; the argument says how: dsl or store. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> Result.fail(error)); // no thread keeps it alive
        String variant = arguments[0];
        Race race = new Race("streams-" + variant, Ads.given());
        Shown<Long> shown = Shown.counts(race);
        StreamsBuilder builder = new StreamsBuilder();
        switch (variant) {
            case "dsl" -> WindowedCount.build(builder, race, shown.topic);
            case "store" -> StoreCount.build(builder, race, shown.topic);
            default -> throw new IllegalArgumentException("dsl or store, not " + variant);
        }
        Runner.run(race, builder, shown);
    }
}
