package bench.streams;

import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** What is known of a window's values; {@code squares} is the sum of squared distances from the mean, by Welford. */
record Stats(long count, double sum, double squares, double min, double max) {
    static final Stats NONE = new Stats(0, 0, 0, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);
    static final Serde<Stats> SERDE = Serdes.serdeFrom((topic, stats) -> stats.bytes(), (topic, bytes) -> of(bytes));

    Stats and(double value) {
        double before = count == 0 ? value : sum / count;
        double after = (sum + value) / (count + 1);
        return new Stats(count + 1, sum + value, squares + (value - before) * (value - after), Math.min(min, value),
                Math.max(max, value));
    }

    /** Count, sum, smallest, largest, mean and variance of the population. */
    double[] figures() {
        return new double[] {count, sum, min, max, sum / count, squares / count};
    }

    private byte[] bytes() {
        return ByteBuffer.allocate(5 * Long.BYTES)
                .putLong(count).putDouble(sum).putDouble(squares).putDouble(min).putDouble(max).array();
    }

    static Stats of(byte[] bytes) {
        ByteBuffer all = ByteBuffer.wrap(bytes);
        return new Stats(all.getLong(), all.getDouble(), all.getDouble(), all.getDouble(), all.getDouble());
    }
}
