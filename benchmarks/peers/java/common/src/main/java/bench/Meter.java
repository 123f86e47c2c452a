package bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.ToLongFunction;

/**
 * Counts what was read and what was counted, and takes the CPU of the whole process at the first and at the last
 * measured event. Each thread has a lane of its own, so that the count costs an addition and no lock.
 */
public final class Meter {
    private static final long LOOK_NANOS = 2_000_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    /** What one thread has done so far. */
    public static final class Lane {
        private final AtomicLong read = new AtomicLong();
        private final AtomicLong views = new AtomicLong();
        private final AtomicLong rejected = new AtomicLong();
        private final AtomicLong counted = new AtomicLong();

        /** A view, on its way to be counted; say it before it goes, and {@link #read} after. */
        public void view() {
            increment(views);
        }

        public void rejected() {
            increment(rejected);
        }

        /** One more event was read, whatever it was. */
        public void read() {
            increment(read);
        }

        /** A view is part of the state. */
        public void counted() {
            increment(counted);
        }

        private static void increment(AtomicLong number) {
            number.setRelease(number.getPlain() + 1); // only this thread writes
        }
    }

    /** What the measured part has cost. */
    public record Cost(double cpu, double wall) {}

    private final List<Lane> lanes = new CopyOnWriteArrayList<>();
    private final ThreadLocal<Lane> here = ThreadLocal.withInitial(() -> {
        Lane lane = new Lane();
        lanes.add(lane);
        return lane;
    });
    private final long warm;
    private final long total;

    Meter(long warm, long total) {
        this.warm = warm;
        this.total = total;
    }

    /** The lane of the calling thread. */
    public Lane lane() {
        return here.get();
    }

    public long views() {
        return sum(lane -> lane.views.getAcquire());
    }

    public long rejected() {
        return sum(lane -> lane.rejected.getAcquire());
    }

    /** Waits from now until all is counted; not for ever while nothing more is. */
    public Cost measure() {
        await(() -> read() >= Math.max(warm, 1));
        long cpu = SYSTEM.getProcessCpuTime();
        long began = System.nanoTime();
        await(() -> read() >= total && counted() >= views());
        return new Cost((SYSTEM.getProcessCpuTime() - cpu) / 1e9, (System.nanoTime() - began) / 1e9);
    }

    private void await(BooleanSupplier done) {
        long progress = -1;
        long since = 0;
        while (!done.getAsBoolean()) {
            if (read() + counted() != progress) {
                progress = read() + counted();
                since = System.nanoTime();
            } else if (System.nanoTime() - since > PATIENCE.toNanos()) {
                throw new IllegalStateException("nothing more for " + PATIENCE.toSeconds() + " s: " + read() + " of "
                        + total + " events were read, " + counted() + " of " + views() + " views counted");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    /** The largest resident memory of this process. */
    public static double peakMb() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) / 1000.0;
            }
        }
        throw new IOException("/proc/self/status has no VmHWM");
    }

    private long counted() {
        return sum(lane -> lane.counted.getAcquire());
    }

    private long read() {
        return sum(lane -> lane.read.getAcquire());
    }

    private long sum(ToLongFunction<Lane> number) {
        return lanes.stream().mapToLong(number).sum();
    }
}
