package bench.streams;

import bench.AdEvent;
import bench.Meter;
import bench.Race;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/** Views go on as their campaign; the rest, and what is invalid, ends here and is told to the meter. */
final class Join extends ContextualFixedKeyProcessor<byte[], AdEvent, String> {
    private final Race race;
    private Meter.Lane lane;

    Join(Race race) {
        this.race = race;
    }

    @Override
    public void init(FixedKeyProcessorContext<byte[], String> context) {
        super.init(context);
        lane = race.meter.lane();
    }

    @Override
    public void process(FixedKeyRecord<byte[], AdEvent> record) {
        RecordMetadata place = context().recordMetadata().orElseThrow();
        if (!race.contains(place.partition(), place.offset())) {
            return;
        }
        AdEvent event = record.value();
        String campaign = event != null && event.isView ? race.ads.campaignOf(event) : null;
        if (campaign != null) {
            lane.view();
            context().forward(record.withValue(campaign));
        } else if (event == null || event.isView) {
            lane.rejected();
        }
        lane.read();
    }
}
