package bench.flink;

import bench.AdEvent;
import bench.EventReader;
import bench.Meter;
import bench.Race;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Reads, validates, filters and joins, in the thread of the source's task. */
final class Views implements KafkaRecordDeserializationSchema<View> {
    private transient Race race;
    private transient EventReader reader;
    private transient AdEvent event;
    private transient Meter.Lane lane;

    @Override
    public void open(DeserializationSchema.InitializationContext context) {
        race = Running.race;
        reader = new EventReader();
        event = new AdEvent();
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<View> out) {
        if (lane == null) {
            lane = race.meter.lane(); // of the thread that really reads
        }
        boolean isValid = reader.read(record.value(), event);
        String campaign = isValid && event.isView ? race.ads.campaignOf(event) : null;
        if (campaign != null) {
            lane.view();
            out.collect(new View(campaign, event.time));
        } else if (!isValid || event.isView) {
            lane.rejected();
        }
        lane.read();
    }

    @Override
    public TypeInformation<View> getProducedType() {
        return TypeInformation.of(View.class);
    }
}
