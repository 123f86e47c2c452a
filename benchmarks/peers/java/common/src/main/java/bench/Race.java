package bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/** The task as the environment states it, and where in each partition it ends. */
public final class Race {
    public static final long WINDOW_MS = 10_000;
    /** How often updated counts become visible, and state durable. */
    public static final Duration SHOWN_EACH = Duration.ofSeconds(1);

    public final String broker = required("BENCH_BROKER");
    public final String topic = required("BENCH_TOPIC");
    public final int partitions = Integer.parseInt(required("BENCH_PARTITIONS"));
    public final Path folder = Path.of(required("BENCH_FOLDER"));
    public final long warm = Long.parseLong(System.getenv().getOrDefault("BENCH_WARM", "0"));
    /** The name of a run that may be killed: started again, it goes on from what is durable; else null. */
    private final String name = System.getenv("BENCH_NAME");
    /** How many events a run with a name shows in the end; 0 if it has no end but a kill. */
    public final long shown = Long.parseLong(System.getenv().getOrDefault("BENCH_SHOWN", "0"));
    public final long total = isEndless() ? Long.MAX_VALUE : warm + Long.parseLong(required("BENCH_EVENTS"));
    public final int threads = Integer.parseInt(System.getenv().getOrDefault("BENCH_THREADS", "1"));
    /** Names everything of this run on the broker. */
    public final String id;
    /** The join table; null where nothing is joined. */
    public final Ads ads;
    public final Meter meter;
    private final long[] ends;

    public Race(String variant, Ads ads) throws ExecutionException, InterruptedException {
        id = isNamed() ? name : "bench-" + variant + "-" + UUID.randomUUID().toString().substring(0, 8);
        this.ads = ads;
        meter = new Meter(warm, total);
        ends = findEnds();
    }

    /** Whether it may be killed, and goes on when it is started again under the same name. */
    public boolean isNamed() {
        return name != null;
    }

    /** Whether it runs until it is killed, and counts whatever comes. */
    public boolean isEndless() {
        return isNamed() && shown == 0;
    }

    /** Whether a record is one of those to be counted. */
    public boolean contains(int partition, long offset) {
        return offset < ends[partition];
    }

    /** The offset behind the last record of each partition. */
    public Map<TopicPartition, Long> ends() {
        Map<TopicPartition, Long> found = new HashMap<>();
        for (int partition = 0; partition < partitions; partition++) {
            found.put(new TopicPartition(topic, partition), ends[partition]);
        }
        return found;
    }

    public Admin admin() {
        Properties settings = new Properties();
        settings.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, broker);
        return Admin.create(settings);
    }

    /** A topic of just so many events is read whole; of a longer one the beginning, if dealt out in turns. */
    private long[] findEnds() throws ExecutionException, InterruptedException {
        if (isEndless()) {
            long[] never = new long[partitions];
            Arrays.fill(never, Long.MAX_VALUE);
            return never;
        }
        Map<TopicPartition, OffsetSpec> wanted = new TreeMap<>((a, b) -> a.partition() - b.partition());
        for (int partition = 0; partition < partitions; partition++) {
            wanted.put(new TopicPartition(topic, partition), OffsetSpec.latest());
        }
        Map<Integer, Long> stored;
        try (Admin admin = admin()) {
            stored = admin.listOffsets(wanted).all().get().entrySet().stream()
                    .collect(Collectors.toMap(e -> e.getKey().partition(), e -> e.getValue().offset()));
        }
        long all = stored.values().stream().mapToLong(Long::longValue).sum();
        long[] found = new long[partitions];
        long sum = 0;
        for (int partition = 0; partition < partitions; partition++) {
            long dealt = total / partitions + (partition < total % partitions ? 1 : 0);
            found[partition] = all == total ? stored.get(partition) : Math.min(stored.get(partition), dealt);
            sum += found[partition];
        }
        if (sum != total) {
            throw new IllegalStateException(topic + " holds " + stored + ", which is neither " + total
                    + " events nor begins with them, dealt to its partitions in turns");
        }
        return found;
    }

    static String required(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalStateException(name + " is not set");
        }
        return value;
    }
}
