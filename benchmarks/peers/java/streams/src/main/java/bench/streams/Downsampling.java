package bench.streams;

import bench.Race;
import bench.Result;
import bench.Shown;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;

/**
 * Theodolite's UC2 in Kafka Streams, as Theodolite writes it: by sensor, a tumbling window of a minute without grace,
 * and its statistics to a topic. Where it commits each five seconds, this does each second.
 */
public final class Downsampling {
    private static final Duration WINDOW = Duration.ofMinutes(1);

    private Downsampling() {}

    public static void main(String[] arguments) throws Exception {
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> Result.fail(error)); // no thread keeps it alive
        Race race = new Race("streams-uc2", null);
        // a sensor is in one partition, so nothing is to be put together
        Shown<double[]> shown = new Shown<>(race, (topic, bytes) -> Stats.of(bytes).figures(),
                figures -> (long) figures[0], (one, other) -> {
                    throw new IllegalStateException("one window of one sensor in two partitions");
                });
        StreamsBuilder builder = new StreamsBuilder();
        build(builder, race, shown.topic);
        Runner.run(race, builder, shown);
    }

    private static void build(StreamsBuilder builder, Race race, String shown) {
        Consumed<String, Reading> readings = Consumed.with(Serdes.String(), readingSerde())
                .withTimestampExtractor((record, before) ->
                        record.value() instanceof Reading reading ? reading.time() : Math.max(before, 0));
        builder.stream(race.topic, readings)
                .processValues(() -> new Valid(race))
                .groupByKey()
                .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW))
                .aggregate(() -> Stats.NONE, (sensor, reading, stats) -> {
                    race.meter.lane().view(); // one that was not late
                    race.meter.lane().counted();
                    return stats.and(reading.watts());
                }, Materialized.with(Serdes.String(), Stats.SERDE))
                .toStream((window, stats) -> window.key() + ":" + window.window().start() / WINDOW.toMillis())
                .to(shown, Produced.with(Serdes.String(), Stats.SERDE));
    }

    private static Serde<Reading> readingSerde() {
        return Serdes.serdeFrom((topic, reading) -> {
            throw new UnsupportedOperationException("readings are only read");
        }, (topic, value) -> Reading.of(value));
    }
}
