package bench.flink;

import org.apache.flink.api.common.functions.AggregateFunction;

/** How many views a window holds. */
final class Count implements AggregateFunction<View, Long, Long> {
    @Override
    public Long createAccumulator() {
        return 0L;
    }

    @Override
    public Long add(View view, Long count) {
        Running.race.meter.lane().counted();
        return count + 1;
    }

    @Override
    public Long getResult(Long count) {
        return count;
    }

    @Override
    public Long merge(Long one, Long other) {
        return one + other;
    }
}
