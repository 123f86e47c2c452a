package bench;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.BinaryOperator;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * The topic in which updated values become visible: key {@code campaign:window}, or {@code campaign:window:partition}
 * where each input partition has a value of its own; value what is known so far.
 */
public final class Shown<V> {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** A run that may have been killed may count too much: its end is when nothing changes for so long. */
    private static final Duration SETTLED = Race.SHOWN_EACH.multipliedBy(3);

    public final String topic;
    private final Race race;
    private final Deserializer<V> format;
    private final ToLongFunction<V> size;
    private final BinaryOperator<V> sum;

    /**
     * Makes the topic, unless an earlier start of this run has.
     *
     * @param size of how many events a value tells
     * @param sum puts the values of two partitions together
     */
    public Shown(Race race, Deserializer<V> format, ToLongFunction<V> size, BinaryOperator<V> sum)
            throws ExecutionException, InterruptedException {
        this.race = race;
        this.format = format;
        this.size = size;
        this.sum = sum;
        topic = race.id + "-shown";
        NewTopic wanted = new NewTopic(topic, race.partitions, (short) 1).configs(Map.of("cleanup.policy", "compact"));
        try (Admin admin = race.admin()) {
            if (!admin.listTopics().names().get().contains(topic)) {
                admin.createTopics(List.of(wanted)).all().get();
            }
        }
    }

    /** The topic of plain counts. */
    public static Shown<Long> counts(Race race) throws ExecutionException, InterruptedException {
        return new Shown<>(race, new LongDeserializer(), Long::longValue, Long::sum);
    }

    /** What a reader of committed records sees at the end of the run: all events to be counted, or more. */
    public Map<String, V> await() {
        return race.isNamed() ? await(race.shown, SETTLED) : await(race.meter.views(), Duration.ZERO);
    }

    private Map<String, V> await(long counted, Duration settled) {
        Map<String, V> latest = new HashMap<>();
        long until = System.nanoTime() + PATIENCE.toNanos();
        try (KafkaConsumer<String, V> consumer =
                new KafkaConsumer<>(settings(), new StringDeserializer(), format)) {
            List<TopicPartition> all = IntStream.range(0, race.partitions)
                    .mapToObj(number -> new TopicPartition(topic, number)).toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            long seen = 0;
            long newest = System.nanoTime();
            while (seen < counted || System.nanoTime() - newest < settled.toNanos()) {
                if (System.nanoTime() > until) {
                    throw new IllegalStateException(counted + " were counted, " + seen + " are shown in " + topic);
                }
                for (ConsumerRecord<String, V> one : consumer.poll(Duration.ofMillis(100))) {
                    V before = latest.put(one.key(), one.value());
                    newest = System.nanoTime();
                    seen += size.applyAsLong(one.value()) - (before == null ? 0 : size.applyAsLong(before));
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

    private Map<String, V> whole(Map<String, V> latest) {
        Map<String, V> found = new TreeMap<>();
        latest.forEach((key, value) -> {
            String[] parts = key.split(":");
            found.merge(parts[0] + ":" + parts[1], value, sum);
        });
        return found;
    }
}
