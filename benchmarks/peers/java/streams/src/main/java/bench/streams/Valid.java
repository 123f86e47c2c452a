package bench.streams;

import bench.Meter;
import bench.Race;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/** Valid readings go on; the rest ends here. Tells the meter of both. */
final class Valid extends ContextualFixedKeyProcessor<String, Reading, Reading> {
    private final Race race;
    private Meter.Lane lane;

    Valid(Race race) {
        this.race = race;
    }

    @Override
    public void init(FixedKeyProcessorContext<String, Reading> context) {
        super.init(context);
        lane = race.meter.lane();
    }

    @Override
    public void process(FixedKeyRecord<String, Reading> record) {
        RecordMetadata place = context().recordMetadata().orElseThrow();
        if (!race.contains(place.partition(), place.offset())) {
            return;
        }
        Reading reading = record.value();
        if (reading != null && reading.sensor().equals(record.key())) {
            context().forward(record);
        } else {
            lane.rejected();
        }
        lane.read();
    }
}
