package bench.flink;

/** One record of IOC-1 as the source hands it on: public fields and an empty constructor make it a POJO to Flink. */
public final class Arrival {
    /** The id of the event; of what is no event the place of the record, which no other has. */
    public String id;
    public boolean isValid;
    /** The department if it is a view, else "". */
    public String department;
    /** The time of the event, in milliseconds; of what is no event that of its arrival. */
    public long time;
    public int partition;

    public Arrival() {}
}
