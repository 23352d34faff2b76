import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Stands between a ZooKeeper server and its clients, one port for each, and reads what passes: so a crash, a lost answer or a
 * pause can be placed at one exact request.
 *
 *   client "controller-3000" ─► port ─► requests ─► server        a Meeting waits for the n-th request or answer of a kind,
 *                               port ◄─ answers  ◄─               and there holds it until told, or cuts the connection
 *
 * Frames of one direction keep their order: what stands behind a held one waits, too.
 */
final class ZooKeeperProxy {
    enum Way { REQUEST, ANSWER }
    enum Deed { HOLD, CUT }

    /** One appointment with a request or an answer. It is kept once. */
    static final class Meeting {
        private final String client;
        private final Way way;
        private final Deed deed;
        private final Predicate<ZooKeeperRequest> which;
        private final CountDownLatch met = new CountDownLatch(1);
        private final CountDownLatch decided = new CountDownLatch(1);
        private int before;
        private volatile boolean cuts;
        private volatile String metClient;

        private Meeting(String client, Way way, Deed deed, Predicate<ZooKeeperRequest> which, int nth) {
            this.client = client;
            this.way = way;
            this.deed = deed;
            this.which = which;
            before = nth;
        }

        private synchronized boolean takes(String passing, Way direction, ZooKeeperRequest request) {
            if (before == 0 || direction != way || !passing.startsWith(client) || !which.test(request)) return false;
            return --before == 0;
        }

        boolean isMet() {
            return met.getCount() == 0;
        }

        /** The client whose frame it was. */
        String await(Duration patience) throws Exception {
            if (!met.await(patience.toMillis(), TimeUnit.MILLISECONDS))
                throw new Loopback.Disagreement("no " + way + " of " + client + " as expected passed within " + patience.toSeconds()
                + " s");
            return metClient;
        }

        /** What was held goes on. */
        void release() {
            decided.countDown();
        }

        /** What was held is lost, and the connection with it. */
        void cut() {
            cuts = true;
            decided.countDown();
        }
    }

    private record Link(String client, Socket down, Socket up) {
        void close() {
            for (Socket each : List.of(down, up)) {
                try {
                    each.close();
                } catch (IOException ignored) {
                    // It is closed as far as it can be.
                }
            }
        }
    }

    private final int serverPort;
    private final PrintWriter log;
    private final long began = System.nanoTime();
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final Set<String> isolated = ConcurrentHashMap.newKeySet();
    private final List<Meeting> meetings = new CopyOnWriteArrayList<>();

    /** What passes is written to `log`, without reads and pings. */
    ZooKeeperProxy(int serverPort, Path log) throws IOException {
        this.serverPort = serverPort;
        this.log = new PrintWriter(log.toFile());
    }

    /** A port of its own for one client. */
    int listen(String client) throws IOException {
        ServerSocket listener = new ServerSocket(Loopback.freePort(), 50, InetAddress.getLoopbackAddress());
        daemon(() -> {
            while (true) accept(client, listener.accept());
        });
        return listener.getLocalPort();
    }

    /** The n-th request, or answer to one, of a client whose name begins with `client`. */
    Meeting meet(String client, Way way, Deed deed, int nth, Predicate<ZooKeeperRequest> which) {
        Meeting meeting = new Meeting(client, way, deed, which, nth);
        meetings.add(meeting);
        return meeting;
    }

    /** Its connections end, and it gets no other, until `heal`. */
    void isolate(String client) {
        isolated.add(client);
        for (Link each : links) {
            if (each.client.equals(client)) each.close();
        }
    }

    void heal(String client) {
        isolated.remove(client);
    }

    private interface Work {
        void run() throws Exception;
    }

    private static void daemon(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Exception ended) {
                // A connection or the proxy itself is closed.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void accept(String client, Socket down) throws IOException {
        if (isolated.contains(client)) {
            down.close();
            return;
        }
        Socket up;
        try {
            up = new Socket(InetAddress.getLoopbackAddress(), serverPort);
            down.setTcpNoDelay(true);
            up.setTcpNoDelay(true);
        } catch (IOException refused) {  // Or the client has gone; it will come again.
            down.close();
            return;
        }
        Link link = new Link(client, down, up);
        links.add(link);
        if (isolated.contains(client)) link.close();
        Map<Integer, ZooKeeperRequest> asked = new ConcurrentHashMap<>();
        daemon(() -> pump(link, Way.REQUEST, asked));
        daemon(() -> pump(link, Way.ANSWER, asked));
    }

    private void pump(Link link, Way way, Map<Integer, ZooKeeperRequest> asked) throws Exception {
        try (Socket from = way == Way.REQUEST ? link.down : link.up; Socket to = way == Way.REQUEST ? link.up : link.down) {
            DataInputStream in = new DataInputStream(from.getInputStream());
            DataOutputStream out = new DataOutputStream(to.getOutputStream());
            for (boolean first = true;; first = false) {  // The first frame each way opens the session, and has no header.
                byte[] frame = new byte[in.readInt()];
                in.readFully(frame);
                if (!first && !passes(link, way, frame, asked)) return;
                byte[] whole = ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).array();
                out.write(whole);
                out.flush();
            }
        } finally {
            link.close();
            links.remove(link);
        }
    }

    private boolean passes(Link link, Way way, byte[] frame, Map<Integer, ZooKeeperRequest> asked) throws Exception {
        ZooKeeperRequest request;
        int error = 0;
        if (way == Way.REQUEST) {
            request = ZooKeeperRequest.read(frame);
            if (request.xid() > 0) asked.put(request.xid(), request);
        } else {
            ByteBuffer header = ByteBuffer.wrap(frame);  // xid, zxid, error
            request = asked.remove(header.getInt());
            error = header.getInt(12);
        }
        if (request == null) return true;  // A ping's answer, or a watch that fires.
        note(link.client, way, request, error);
        for (Meeting meeting : meetings) {
            if (!meeting.takes(link.client, way, request)) continue;
            write(String.format("%s: this %s is %s", link.client, way, meeting.deed == Deed.CUT ? "lost" : "held"));
            meeting.metClient = link.client;
            meeting.met.countDown();
            if (meeting.deed == Deed.CUT) return false;
            meeting.decided.await();
            write(String.format("%s: it is %s", link.client, meeting.cuts ? "lost" : "released"));
            if (meeting.cuts) return false;
        }
        return true;
    }

    private void note(String client, Way way, ZooKeeperRequest request, int error) {
        Set<ZooKeeperRequest.Kind> kinds = new HashSet<>();
        for (ZooKeeperRequest.Operation each : request.operations()) kinds.add(each.kind());
        if (kinds.equals(Set.of(ZooKeeperRequest.Kind.READ)) || kinds.equals(Set.of(ZooKeeperRequest.Kind.PING))) return;
        write(client + (way == Way.REQUEST ? " > " + request.operations() : " < " + request.operations().get(0).kind() + " error "
            + error));
    }

    private synchronized void write(String line) {
        log.printf("%7.2f %s%n", (System.nanoTime() - began) / 1e9, line);
        log.flush();
    }
}
