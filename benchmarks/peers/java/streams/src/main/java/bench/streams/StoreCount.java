package bench.streams;

import bench.AdEvent;
import bench.EventReader;
import bench.Meter;
import bench.Race;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The Processor API: each partition counts for itself in a store of its own, without repartitioning; the reader of the
 * shown counts adds the partitions up. Durable by the store's changelog, within the transaction of the offsets.
 */
final class StoreCount extends ContextualProcessor<byte[], byte[], String, Long> {
    private static final String STORE = "counts";
    /** Often, because what is forwarded is shown only with the next commit. */
    private static final Duration FORWARD_EACH = Race.SHOWN_EACH.dividedBy(4);

    private final Race race;
    private final EventReader reader = new EventReader();
    private final AdEvent event = new AdEvent();
    private final Set<CampaignWindow> changed = new HashSet<>();
    private KeyValueStore<CampaignWindow, Long> counts;
    private Meter.Lane lane;

    private StoreCount(Race race) {
        this.race = race;
    }

    static void build(StreamsBuilder builder, Race race, String shown) {
        // the cache writes a count to the changelog once a commit, not at each event
        StoreBuilder<KeyValueStore<CampaignWindow, Long>> store = Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(STORE), CampaignWindow.SERDE, Serdes.Long()).withCachingEnabled();
        builder.addStateStore(store)
                .stream(race.topic, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                .process(() -> new StoreCount(race), STORE)
                .to(shown, Produced.with(Serdes.String(), Serdes.Long()));
    }

    @Override
    public void init(ProcessorContext<String, Long> context) {
        super.init(context);
        counts = context.getStateStore(STORE);
        lane = race.meter.lane();
        // of a process that was killed the last commit may hold counts that had not been forwarded
        try (KeyValueIterator<CampaignWindow, Long> kept = counts.all()) {
            kept.forEachRemaining(each -> changed.add(each.key));
        }
        context.schedule(FORWARD_EACH, PunctuationType.WALL_CLOCK_TIME, this::forwardChanged);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        RecordMetadata place = context().recordMetadata().orElseThrow();
        if (!race.contains(place.partition(), place.offset())) {
            return;
        }
        boolean isValid = reader.read(record.value(), event);
        String campaign = isValid && event.isView ? race.ads.campaignOf(event) : null;
        if (campaign != null) {
            lane.view();
            count(new CampaignWindow(campaign, event.time / Race.WINDOW_MS));
            lane.counted();
        } else if (!isValid || event.isView) {
            lane.rejected();
        }
        lane.read();
    }

    private void count(CampaignWindow key) {
        Long before = counts.get(key);
        counts.put(key, before == null ? 1 : before + 1);
        changed.add(key);
    }

    private void forwardChanged(long now) {
        String partition = ":" + context().taskId().partition();
        for (CampaignWindow key : changed) {
            context().forward(new Record<>(key.campaign() + ":" + key.window() + partition, counts.get(key), now));
        }
        changed.clear();
    }
}
