package bench.flink;

import bench.Ads;
import bench.Meter;
import bench.Race;
import bench.Result;
import bench.Shown;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
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
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/** The Yahoo Streaming Benchmark in Flink, in one JVM; the argument says how: window or operator. */
public final class Main {
    /** The benchmark's events are mostly up to 100 ms out of order, rarely a minute. */
    private static final Duration DISORDER = Duration.ofSeconds(1);
    static final Duration LATENESS = Duration.ofSeconds(61);

    private static volatile boolean isDone;

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Thread.setDefaultUncaughtExceptionHandler((thread, error) -> Result.fail(error)); // no thread keeps it alive
        String variant = arguments[0];
        Race race = new Race("flink-" + variant, Ads.given());
        Running.race = race;
        Shown<Long> shown = Shown.counts(race);
        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.createLocalEnvironment(race.threads, settings(race));
        KeyedStream<View, String> views = views(environment, race).keyBy(view -> view.campaign);
        DataStream<Tuple2<String, Long>> counts = switch (variant) {
            case "window" -> views.window(TumblingEventTimeWindows.of(Duration.ofMillis(Race.WINDOW_MS)))
                    .allowedLateness(LATENESS)
                    .trigger(new EachSecond())
                    .aggregate(new Count(), new Label());
            case "operator" -> views.process(new KeyedCount());
            default -> throw new IllegalArgumentException("window or operator, not " + variant);
        };
        counts.sinkTo(sink(race, shown.topic));

        JobClient job = environment.executeAsync(race.id);
        job.getJobExecutionResult().whenComplete((result, error) -> {
            if (!isDone) {
                Result.fail(new IllegalStateException("the job ended too early", error));
            }
        });
        if (race.isEndless()) {
            Thread.currentThread().join();
        }
        Meter.Cost cost = race.meter.measure();
        Result.say(race, cost, shown.await(race.meter.views()), "exactly-once");
        isDone = true;
        job.cancel().get();
        Result.tidy(race);
    }

    private static DataStream<View> views(StreamExecutionEnvironment environment, Race race) {
        KafkaSourceBuilder<View> source = KafkaSource.<View>builder()
                .setBootstrapServers(race.broker)
                .setGroupId(race.id)
                .setTopics(race.topic)
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setDeserializer(new Views())
                .setProperty(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "10000");
        if (!race.isEndless()) {
            source.setUnbounded(OffsetsInitializer.offsets(race.ends()));
        }
        WatermarkStrategy<View> times = WatermarkStrategy.<View>forBoundedOutOfOrderness(DISORDER)
                .withTimestampAssigner((view, stored) -> view.time);
        return environment.fromSource(source.build(), times, "events");
    }

    private static KafkaSink<Tuple2<String, Long>> sink(Race race, String topic) {
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
        Checkpoints.newest(checkpoints).ifPresent(path -> settings.set(StateRecoveryOptions.SAVEPOINT_PATH, path));
        settings.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Race.SHOWN_EACH);
        settings.set(CheckpointingOptions.CHECKPOINTING_CONSISTENCY_MODE, CheckpointingMode.EXACTLY_ONCE);
        settings.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        settings.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, checkpoints.toUri().toString());
        settings.set(StateBackendOptions.STATE_BACKEND, "hashmap");
        settings.set(PipelineOptions.OBJECT_REUSE, true);
        settings.set(RestartStrategyOptions.RESTART_STRATEGY, "none"); // a failure is to be seen, not measured
        return settings;
    }
}
