package bench;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * The topic in which updated counts become visible: key {@code campaign:window}, or {@code campaign:window:partition}
 * where each input partition has a count of its own; value the count so far, as a long.
 */
public final class Shown {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    public final String topic;
    private final Race race;

    public Shown(Race race) throws ExecutionException, InterruptedException {
        this.race = race;
        topic = race.id + "-shown";
        NewTopic wanted = new NewTopic(topic, race.partitions, (short) 1).configs(Map.of("cleanup.policy", "compact"));
        try (Admin admin = race.admin()) {
            admin.createTopics(List.of(wanted)).all().get();
        }
    }

    /** What a reader of committed records sees, once it sums up to all views. */
    public Map<String, Long> await(long views) {
        Map<String, Long> latest = new HashMap<>();
        long until = System.nanoTime() + PATIENCE.toNanos();
        try (KafkaConsumer<String, Long> consumer =
                new KafkaConsumer<>(settings(), new StringDeserializer(), new LongDeserializer())) {
            List<TopicPartition> all = IntStream.range(0, race.partitions)
                    .mapToObj(number -> new TopicPartition(topic, number)).toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            long seen = 0;
            while (seen != views) {
                if (System.nanoTime() > until) {
                    throw new IllegalStateException(views + " views were counted, " + seen + " are shown in " + topic);
                }
                for (ConsumerRecord<String, Long> one : consumer.poll(Duration.ofMillis(100))) {
                    Long before = latest.put(one.key(), one.value());
                    seen += one.value() - (before == null ? 0 : before);
                }
            }
        }
        return whole(latest);
    }

    private Properties settings() {
        Properties settings = new Properties();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, race.broker);
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        return settings;
    }

    private static Map<String, Long> whole(Map<String, Long> latest) {
        Map<String, Long> sums = new TreeMap<>();
        latest.forEach((key, count) -> {
            String[] parts = key.split(":");
            sums.merge(parts[0] + ":" + parts[1], count, Long::sum);
        });
        return sums;
    }
}
