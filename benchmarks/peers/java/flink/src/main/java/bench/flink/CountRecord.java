package bench.flink;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacetProvider;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

/** A count as a Kafka record. */
record CountRecord(String topic)
        implements KafkaRecordSerializationSchema<Tuple2<String, Long>>, KafkaDatasetFacetProvider {
    @Override
    public ProducerRecord<byte[], byte[]> serialize(Tuple2<String, Long> count, KafkaSinkContext context, Long time) {
        byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(count.f1).array();
        return new ProducerRecord<>(topic, count.f0.getBytes(StandardCharsets.UTF_8), value);
    }

    /** The pool of transactions asks for the topics. */
    @Override
    public Optional<KafkaDatasetFacet> getKafkaDatasetFacet() {
        return Optional.of(new DefaultKafkaDatasetFacet(
                DefaultKafkaDatasetIdentifier.ofTopics(List.of(topic)), new Properties()));
    }
}
