package bench.flink;

import bench.Race;
import bench.Result;
import bench.Shown;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/** What all jobs share: source, sink, checkpoints, and the way from the first event to the result. */
final class Job {
    private static volatile boolean isDone;

    private Job() {}

    static StreamExecutionEnvironment environment(Race race) throws IOException {
        Running.race = race;
        return StreamExecutionEnvironment.createLocalEnvironment(race.threads, settings(race));
    }

    /** Runs to the end, and says the result. */
    static void run(StreamExecutionEnvironment environment, Race race, Shown<Long> shown) throws Exception {
        JobClient job = environment.executeAsync(race.id);
        job.getJobExecutionResult().whenComplete((result, error) -> {
            if (!isDone) {
                Result.fail(new IllegalStateException("the job ended too early", error));
            }
        });
        Result.await(race, shown, "exactly-once");
        isDone = true;
        job.cancel().get();
        Result.tidy(race);
    }

    static <T> KafkaSource<T> source(Race race, KafkaRecordDeserializationSchema<T> reader) {
        KafkaSourceBuilder<T> source = KafkaSource.<T>builder()
                .setBootstrapServers(race.broker)
                .setGroupId(race.id)
                .setTopics(race.topic)
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(reader)
                .setProperty(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "10000");
        if (!race.isEndless()) {
            source.setUnbounded(OffsetsInitializer.offsets(race.ends()));
        }
        return source.build();
    }

    static KafkaSink<Tuple2<String, Long>> sink(Race race, String topic) {
        return KafkaSink.<Tuple2<String, Long>>builder()
                .setBootstrapServers(race.broker)
                .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
                .setTransactionalIdPrefix(race.id)
                .setTransactionNamingStrategy(TransactionNamingStrategy.POOLING)
                .setProperty(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, "60000")
                .setRecordSerializer(new CountRecord(topic))
                .build();
    }

    private static Configuration settings(Race race) throws IOException {
        Path checkpoints = race.folder.resolve(race.id);
        Configuration settings = new Configuration();
        settings.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Race.SHOWN_EACH);
        settings.set(CheckpointingOptions.CHECKPOINTING_CONSISTENCY_MODE, CheckpointingMode.EXACTLY_ONCE);
        settings.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        settings.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, checkpoints.toUri().toString());
        settings.set(CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
                ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
        settings.set(StateBackendOptions.STATE_BACKEND, "hashmap");
        settings.set(PipelineOptions.OBJECT_REUSE, true);
        settings.set(RestartStrategyOptions.RESTART_STRATEGY, "none"); // a failure is to be seen, not measured
        Checkpoints.newest(checkpoints).ifPresent(path -> settings.set(StateRecoveryOptions.SAVEPOINT_PATH, path));
        return settings;
    }
}
