package bench;

/** What the pipeline needs of one valid event. */
public final class AdEvent {
    public long adHigh;
    public long adLow;
    public long time;
    public boolean isView;
}
