package bench.flink;

import bench.Meter;
import bench.Race;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Keyed by the id of the event: knows a repeat by keyed state that lives as long as repeats are recognised. Late is what
 * the window of 15 minutes behind the newest event of its partition does not hold; the newest are part of the state, as a
 * watermark is not. What is refused, repeated or late is counted as a view of a department of that name.
 */
final class Judge extends KeyedProcessFunction<String, Arrival, View> implements CheckpointedFunction {
    static final String REJECTED = "rejected";
    static final String DUPLICATE = "duplicate";
    static final String LATE = "late";
    static final Duration WINDOW = Duration.ofMinutes(15);

    private static final Duration HORIZON = Duration.ofHours(1);
    private static final long WINDOWS_OPEN = WINDOW.toMillis() / Race.WINDOW_MS;

    private transient ValueState<Boolean> seen;
    private transient ListState<Tuple2<Integer, Long>> stored;
    private transient Map<Integer, Long> newest;
    private transient Meter.Lane lane;

    @Override
    public void open(OpenContext context) {
        ValueStateDescriptor<Boolean> wanted = new ValueStateDescriptor<>("seen", Types.BOOLEAN);
        wanted.enableTimeToLive(StateTtlConfig.newBuilder(HORIZON).build());
        seen = getRuntimeContext().getState(wanted);
        lane = Running.race.meter.lane();
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        newest = new HashMap<>();
        stored = context.getOperatorStateStore().getListState(
                new ListStateDescriptor<>("newest", Types.TUPLE(Types.INT, Types.LONG)));
        for (Tuple2<Integer, Long> one : stored.get()) {
            newest.put(one.f0, one.f1);
        }
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) throws Exception {
        stored.clear();
        for (Map.Entry<Integer, Long> one : newest.entrySet()) {
            stored.add(Tuple2.of(one.getKey(), one.getValue()));
        }
    }

    @Override
    public void processElement(Arrival event, Context context, Collector<View> out) throws Exception {
        String department = judge(event);
        if (!department.isEmpty()) {
            lane.view();
            // the window of what is late is closed: it counts in the newest one
            long time = department.equals(LATE) ? newest.get(event.partition) * Race.WINDOW_MS : event.time;
            out.collect(new View(department, time));
        }
        lane.read();
    }

    /** The department of a view, the name of a fate, or "" for what is accepted and is no view. */
    private String judge(Arrival event) throws Exception {
        if (!event.isValid) {
            return REJECTED;
        }
        if (seen.value() != null) {
            return DUPLICATE;
        }
        seen.update(true);
        long window = event.time / Race.WINDOW_MS;
        Long before = newest.get(event.partition);
        if (before != null && window <= before - WINDOWS_OPEN) {
            return LATE;
        }
        if (before == null || window > before) {
            newest.put(event.partition, window);
        }
        return event.department;
    }
}
