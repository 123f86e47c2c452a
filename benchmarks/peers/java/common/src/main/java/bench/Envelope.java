package bench;

/** What the pipeline needs of one valid event in an envelope. */
public final class Envelope {
    public String id;
    /** The service it is about, as the join table takes it. */
    public final AdEvent about = new AdEvent();
    public long time;
}
