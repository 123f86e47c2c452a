package bench.flink;

import bench.Race;
import org.apache.flink.streaming.api.windowing.triggers.Trigger;
import org.apache.flink.streaming.api.windowing.triggers.TriggerResult;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;

/** Shows a window's count in each second in which it changed, by the clock, and when no more can come. */
final class EachSecond extends Trigger<View, TimeWindow> {
    private static final long EACH = Race.SHOWN_EACH.toMillis();

    @Override
    public TriggerResult onElement(View view, long time, TimeWindow window, TriggerContext context) {
        // the same second registered again is one timer
        context.registerProcessingTimeTimer(next(context.getCurrentProcessingTime()));
        context.registerEventTimeTimer(end(window));
        return TriggerResult.CONTINUE;
    }

    @Override
    public TriggerResult onProcessingTime(long time, TimeWindow window, TriggerContext context) {
        return TriggerResult.FIRE;
    }

    @Override
    public TriggerResult onEventTime(long time, TimeWindow window, TriggerContext context) {
        return time == end(window) ? TriggerResult.FIRE : TriggerResult.CONTINUE;
    }

    @Override
    public void clear(TimeWindow window, TriggerContext context) {
        context.deleteEventTimeTimer(end(window));
        context.deleteProcessingTimeTimer(next(context.getCurrentProcessingTime()));
    }

    static long next(long now) {
        return now - now % EACH + EACH;
    }

    /** The last moment at which the window's state is there. */
    private static long end(TimeWindow window) {
        return window.maxTimestamp() + Main.LATENESS.toMillis() - 1;
    }
}
