package bench.flink;

/** One view, projected and joined: public fields and an empty constructor make it a POJO to Flink. */
public final class View {
    public String campaign;
    public long time;

    public View() {}

    View(String campaign, long time) {
        this.campaign = campaign;
        this.time = time;
    }
}
