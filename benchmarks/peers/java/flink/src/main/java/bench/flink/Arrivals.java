package bench.flink;

import bench.Envelope;
import bench.EnvelopeReader;
import bench.Race;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Reads, validates and joins, in the thread of the source's task; what is no event is handed on to be counted. */
final class Arrivals implements KafkaRecordDeserializationSchema<Arrival> {
    private transient Race race;
    private transient EnvelopeReader reader;
    private transient Envelope event;

    @Override
    public void open(DeserializationSchema.InitializationContext context) {
        race = Running.race;
        reader = new EnvelopeReader();
        event = new Envelope();
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Arrival> out) {
        Arrival found = new Arrival();
        found.partition = record.partition();
        String department =
                reader.read(record.key(), record.value(), event) ? race.ads.campaignOf(event.about) : null;
        found.isValid = department != null;
        if (found.isValid) {
            found.id = event.id;
            found.time = event.time;
            found.department = event.about.isView ? department : "";
        } else {
            found.id = record.partition() + ":" + record.offset();
            found.time = record.timestamp();
            found.department = "";
        }
        out.collect(found);
    }

    @Override
    public TypeInformation<Arrival> getProducedType() {
        return TypeInformation.of(Arrival.class);
    }
}
