package bench.streams;

import bench.AdEvent;
import bench.EventReader;
import bench.Race;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;

/** The DSL: a serde, filter, map to the campaign, which repartitions, and a windowed count. */
final class WindowedCount {
    /** Of a backlog one partition may be read whole before the next is begun; nothing of it is late. */
    private static final Duration GRACE = Duration.ofDays(1);
    private static final byte[] ONE = {1};

    private WindowedCount() {}

    static void build(StreamsBuilder builder, Race race, String shown) {
        Consumed<byte[], AdEvent> events = Consumed.with(Serdes.ByteArray(), eventSerde())
                .withTimestampExtractor((record, before) ->
                        record.value() instanceof AdEvent event ? event.time : Math.max(before, 0));
        builder.stream(race.topic, events)
                .processValues(() -> new Join(race))
                .map((key, campaign) -> KeyValue.pair(campaign, ONE))
                .groupByKey(Grouped.with("campaign", Serdes.String(), Serdes.ByteArray()))
                .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(Race.WINDOW_MS), GRACE))
                .aggregate(() -> 0L, (campaign, one, count) -> {
                    race.meter.lane().counted();
                    return count + 1;
                }, Materialized.with(Serdes.String(), Serdes.Long()))
                .toStream((window, count) -> window.key() + ":" + window.window().start() / Race.WINDOW_MS)
                .to(shown, Produced.with(Serdes.String(), Serdes.Long()));
    }

    private static Serde<AdEvent> eventSerde() {
        // one serde serves all threads
        ThreadLocal<EventReader> reader = ThreadLocal.withInitial(EventReader::new);
        return Serdes.serdeFrom((topic, event) -> {
            throw new UnsupportedOperationException("events are only read");
        }, (topic, value) -> {
            AdEvent event = new AdEvent();
            return reader.get().read(value, event) ? event : null;
        });
    }
}
