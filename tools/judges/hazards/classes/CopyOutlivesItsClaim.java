// In the package of the classes that it drives: what they let tests see is visible there alone.
package org.apache.kafka.metadata.migration;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.BrokerRegistrationRequestData;
import org.apache.kafka.common.message.ControllerRegistrationRequestData;
import org.apache.kafka.common.metadata.MetadataRecordType;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.TopicRecord;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.controller.ControllerRequestContextUtil;
import org.apache.kafka.controller.QuorumController;
import org.apache.kafka.controller.QuorumFeatures;
import org.apache.kafka.controller.metrics.QuorumControllerMetrics;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.loader.MetadataLoader;
import org.apache.kafka.metadata.KafkaConfigSchema;
import org.apache.kafka.metadata.bootstrap.BootstrapMetadata;
import org.apache.kafka.metalog.LocalLogManager;
import org.apache.kafka.raft.LeaderAndEpoch;
import org.apache.kafka.raft.RaftClient;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import org.apache.kafka.server.common.KRaftVersion;
import org.apache.kafka.server.common.MetadataVersion;
import org.apache.kafka.server.fault.FaultHandler;

/**
 * MB-24 on the real classes: QuorumController, MetadataLoader and KRaftMigrationDriver, wired as ControllerServer wires them, over
 * the metadata log of Kafka's own tests (LocalLogManager). Only ZooKeeper is a stand-in: it hands out a copy of three topics, and
 * between the first and the second it is slow.
 *
 * With "loses-quorum", the controller resigns while its driver waits for ZooKeeper, and is elected again; without, the copy of the
 * same topics ends in DUAL_WRITE, which shows that nothing else is the matter.
 *
 * Prints the log of metadata and what each process died of, as lines; tools/conformance.d/hazards judges them.
 */
public final class CopyOutlivesItsClaim {
    private static final int NODE = 0;
    private static final String CLUSTER = Uuid.randomUuid().toString();
    private static final List<String> TOPICS = List.of("orders", "payments", "audit");

    public static void main(String[] arguments) {
        // Threads of what died do not end by themselves.
        try {
            migrate(arguments.length > 0 && arguments[0].equals("loses-quorum"));
            System.exit(0);
        } catch (Throwable e) {
            e.printStackTrace();
            System.exit(2);
        }
    }

    private static void migrate(boolean losesQuorum) throws Exception {
        LocalLogManager.SharedLogData log = new LocalLogManager.SharedLogData(Optional.empty());
        Gate gate = new Gate(losesQuorum);
        try (Process first = new Process(log, "first", gate)) {
            first.start();
            if (losesQuorum) {
                gate.reached.await(60, TimeUnit.SECONDS);
                first.resignAndWinAgain();
                gate.open.countDown();
            }
            first.end();
        }
        // What a restart brings, twice: a copy from the beginning.
        for (String name : losesQuorum ? List.of("second", "third") : List.<String>of()) {
            try (Process successor = new Process(log, name, new Gate(false))) {
                successor.start();
                successor.end();
            }
        }
        int offset = 0;
        for (ApiMessageAndVersion record : log.allRecords()) System.out.println("log " + offset++ + " " + describe(record.message()));
    }

    private static String describe(ApiMessage record) {
        String type = MetadataRecordType.fromId(record.apiKey()).toString();
        if (record instanceof TopicRecord) return type + " " + ((TopicRecord) record).name();
        return type;
    }

    /** Where ZooKeeper is slow: after the first topic. */
    private static final class Gate {
        final CountDownLatch reached = new CountDownLatch(1);
        final CountDownLatch open = new CountDownLatch(1);

        Gate(boolean closed) {
            if (!closed) open.countDown();
        }

        void pass() {
            reached.countDown();
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new RuntimeException(e);
            }
        }
    }

    /** What a driver reads in ZooKeeper: topics of random ids, a batch each. */
    private static final class SlowTree implements CapturingMigrationClient.MigrationBatchSupplier {
        private final Gate gate;

        SlowTree(Gate gate) {
            this.gate = gate;
        }

        @Override
        public List<List<ApiMessageAndVersion>> recordBatches() {
            List<List<ApiMessageAndVersion>> batches = new ArrayList<>();
            for (String topic : TOPICS) {
                Uuid id = new Uuid(1, TOPICS.indexOf(topic) + 1);
                batches.add(List.of(new ApiMessageAndVersion(new TopicRecord().setName(topic).setTopicId(id), (short) 0),
                    new ApiMessageAndVersion(new PartitionRecord().setTopicId(id).setPartitionId(0).setReplicas(List.of(1))
                        .setIsr(List.of(1)).setLeader(1).setLeaderEpoch(1).setPartitionEpoch(1), (short) 0)));
            }
            return new Gated<>(batches, gate);
        }

        @Override
        public List<Integer> brokerIds() {
            return List.of(1);
        }
    }

    /** A list whose second element lets wait for itself. */
    private static final class Gated<T> extends java.util.AbstractList<T> {
        private final List<T> elements;
        private final Gate gate;

        Gated(List<T> elements, Gate gate) {
            this.elements = elements;
            this.gate = gate;
        }

        @Override
        public T get(int index) {
            if (index == 1) gate.pass();
            return elements.get(index);
        }

        @Override
        public int size() {
            return elements.size();
        }
    }

    /** A controller process. A fault that would end it is printed, and ends it here. */
    private static final class Process implements AutoCloseable {
        private final String name;
        private final LocalLogManager raft;
        private final QuorumController controller;
        private final MetadataLoader loader;
        private final KRaftMigrationDriver driver;
        private volatile String diedOf = null;

        Process(LocalLogManager.SharedLogData log, String name, Gate gate) throws Exception {
            this.name = name;
            // Kafka's own handler halts the process; here the thread goes no further.
            FaultHandler fatal = (message, cause) -> {
                if (diedOf == null) diedOf = message + (cause == null ? "" : ": " + cause.getMessage());
                while (true) LockSupport.park();
            };
            QuorumFeatures features = new QuorumFeatures(NODE, QuorumFeatures.defaultFeatureMap(true), List.of(NODE));
            QuorumControllerMetrics metrics = new QuorumControllerMetrics(Optional.empty(), Time.SYSTEM, true);
            raft = new LocalLogManager(new LogContext(), NODE, log, name, KRaftVersion.KRAFT_VERSION_0);
            loader = new MetadataLoader.Builder().setNodeId(NODE).setFaultHandler(fatal).setThreadNamePrefix(name)
                .setHighWaterMarkAccessor(raft::highWatermark).build();
            controller = new QuorumController.Builder(NODE, CLUSTER).setRaftClient(heldBack(raft)).setQuorumFeatures(features)
                .setBootstrapMetadata(BootstrapMetadata.fromVersion(MetadataVersion.IBP_3_9_IV0, "judge"))
                .setConfigSchema(KafkaConfigSchema.EMPTY).setZkMigrationEnabled(true).setMetrics(metrics)
                .setFatalFaultHandler(fatal).setNonFatalFaultHandler(fatal).build();
            driver = KRaftMigrationDriver.newBuilder().setNodeId(NODE).setZkRecordConsumer(controller.zkRecordConsumer())
                .setZkMigrationClient(CapturingMigrationClient.newBuilder().setBrokersInZk(1).setBatchSupplier(new SlowTree(gate)).build())
                .setPropagator(new NobodyListens()).setInitialZkLoadHandler(publisher -> loader.installPublishers(List.of(publisher)))
                .setFaultHandler(fatal).setQuorumFeatures(features).setConfigSchema(KafkaConfigSchema.EMPTY)
                .setControllerMetrics(metrics).setMinMigrationBatchSize(1).setTime(Time.SYSTEM).build();
            raft.register(loader);
        }

        /**
         * KafkaRaftClient keeps what is prepared until it is scheduled: what the controller cannot replay is never appended.
         * LocalLogManager appends at once, so that is made up for here.
         */
        @SuppressWarnings("unchecked")
        private static RaftClient<ApiMessageAndVersion> heldBack(LocalLogManager raft) {
            AtomicReference<Runnable> prepared = new AtomicReference<>();
            return (RaftClient<ApiMessageAndVersion>) Proxy.newProxyInstance(RaftClient.class.getClassLoader(),
                new Class<?>[] {RaftClient.class}, (self, method, arguments) -> {
                    if (method.getName().equals("prepareAppend")) {
                        int epoch = (Integer) arguments[0];
                        List<ApiMessageAndVersion> records = (List<ApiMessageAndVersion>) arguments[1];
                        long last = raft.logEndOffset() + records.size() - 1;
                        prepared.set(() -> {
                            if (raft.prepareAppend(epoch, records) != last) throw new IllegalStateException("another one appended");
                        });
                        return last;
                    }
                    if (method.getName().equals("schedulePreparedAppend")) {
                        prepared.getAndSet(null).run();
                        return null;
                    }
                    try {
                        return method.invoke(raft, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        }

        /** Registers itself and a broker in ZooKeeper mode, as both do at every start; then the driver begins. */
        void start() throws Exception {
            until("it is elected", () -> controller.curClaimEpoch() > 0);
            controller.registerController(ControllerRequestContextUtil.ANONYMOUS_CONTEXT, new ControllerRegistrationRequestData()
                .setControllerId(NODE).setIncarnationId(Uuid.randomUuid()).setZkMigrationReady(true)
                .setFeatures(new ControllerRegistrationRequestData.FeatureCollection(List.of(
                    new ControllerRegistrationRequestData.Feature().setName(MetadataVersion.FEATURE_NAME)
                        .setMinSupportedVersion(MetadataVersion.MINIMUM_KRAFT_VERSION.featureLevel())
                        .setMaxSupportedVersion(MetadataVersion.IBP_3_9_IV0.featureLevel())).iterator()))).get();
            controller.registerBroker(ControllerRequestContextUtil.ANONYMOUS_CONTEXT, new BrokerRegistrationRequestData()
                .setBrokerId(1).setClusterId(CLUSTER).setIncarnationId(Uuid.randomUuid()).setIsMigratingZkBroker(true).setLogDirs(List.of(new Uuid(7, 7)))
                .setListeners(new BrokerRegistrationRequestData.ListenerCollection(List.of(
                    new BrokerRegistrationRequestData.Listener().setName("PLAINTEXT").setHost("localhost").setPort(9092)
                        .setSecurityProtocol((short) 0)).iterator()))
                .setFeatures(new BrokerRegistrationRequestData.FeatureCollection(List.of(
                    new BrokerRegistrationRequestData.Feature().setName(MetadataVersion.FEATURE_NAME)
                        .setMinSupportedVersion(MetadataVersion.IBP_3_9_IV0.featureLevel())
                        .setMaxSupportedVersion(MetadataVersion.IBP_3_9_IV0.featureLevel())).iterator()))).get();
            driver.start();
        }

        /** What a controller does that no majority has fetched from for a while, and what follows when it returns. */
        void resignAndWinAgain() throws Exception {
            int epoch = controller.curClaimEpoch();
            raft.resign(epoch);
            until("it is elected again", () -> controller.curClaimEpoch() > epoch);
            until("its log says so", () -> raft.leaderAndEpoch().equals(
                new LeaderAndEpoch(OptionalInt.of(NODE), controller.curClaimEpoch())));
            System.out.println(name + " lost its quorum in epoch " + epoch + " and won it back in epoch " + controller.curClaimEpoch());
        }

        /** Waits until it mirrors, or dies. */
        void end() throws Exception {
            until("it mirrors, or dies", () -> {
                // The driver answers between two events, and a copy is one event.
                CompletableFuture<MigrationDriverState> state = driver.migrationState();
                while (!state.isDone() && diedOf == null) Thread.sleep(5);
                return diedOf != null || state.get() == MigrationDriverState.DUAL_WRITE;
            });
            System.out.println(name + (diedOf == null ? " is in DUAL_WRITE" : " died of " + diedOf.replace('\n', ' ')));
        }

        private void until(String what, Callable<Boolean> holds) throws Exception {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (!holds.call()) {
                if (diedOf != null) return;
                if (System.nanoTime() > deadline) throw new IllegalStateException(name + ": waited a minute until " + what);
                Thread.sleep(5);
            }
        }

        @Override
        public void close() throws Exception {
            controller.beginShutdown();
            raft.close();
        }
    }

    /** No broker of this judge asks for anything. */
    private static final class NobodyListens implements LegacyPropagator {
        @Override public void startup() { }
        @Override public void shutdown() { }
        @Override public void publishMetadata(MetadataImage image) { }
        @Override public void sendRPCsToBrokersFromMetadataDelta(MetadataDelta delta, MetadataImage image, int epoch) { }
        @Override public void sendRPCsToBrokersFromMetadataImage(MetadataImage image, int epoch) { }
        @Override public void clear() { }
    }
}
