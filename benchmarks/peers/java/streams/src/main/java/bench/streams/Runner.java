package bench.streams;

import bench.Race;
import bench.Result;
import bench.Shown;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;

/** Runs a topology to the end of its race, with the settings that all of them share. */
final class Runner {
    private Runner() {}

    static void run(Race race, StreamsBuilder builder, Shown<?> shown) throws Exception {
        Properties settings = settings(race);
        try (KafkaStreams streams = new KafkaStreams(builder.build(settings), settings)) {
            streams.setUncaughtExceptionHandler(error -> {
                Result.fail(error);
                return null;
            });
            streams.start();
            Result.await(race, shown, "exactly-once");
        }
        Result.tidy(race);
    }

    private static Properties settings(Race race) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, race.id);
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, race.broker);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, race.folder.resolve(race.id).toString());
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, Race.SHOWN_EACH.toMillis());
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, race.threads);
        settings.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
        // durable by their changelog; from memory they cost less than from RocksDB
        settings.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG,
                BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers.class);
        // the benchmark's times are of another year: its windows are not old, whatever the broker's clock says
        settings.put(StreamsConfig.WINDOW_STORE_CHANGE_LOG_ADDITIONAL_RETENTION_MS_CONFIG, 20L * 365 * 86_400_000);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 10_000);
        settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
        if (race.isNamed()) {
            // a process started again takes the place of the killed one at once, not when its session has run out
            settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), race.id);
        }
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 * 1024);
        return settings;
    }
}
