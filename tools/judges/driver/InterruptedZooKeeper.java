import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import kafka.zookeeper.AsyncRequest;
import kafka.zookeeper.AsyncResponse;
import kafka.zookeeper.CheckOp;
import kafka.zookeeper.CreateOp;
import kafka.zookeeper.CreateRequest;
import kafka.zookeeper.CreateResponse;
import kafka.zookeeper.DeleteOp;
import kafka.zookeeper.DeleteRequest;
import kafka.zookeeper.DeleteResponse;
import kafka.zookeeper.ExistsRequest;
import kafka.zookeeper.ExistsResponse;
import kafka.zookeeper.GetChildrenRequest;
import kafka.zookeeper.GetChildrenResponse;
import kafka.zookeeper.GetDataRequest;
import kafka.zookeeper.GetDataResponse;
import kafka.zookeeper.MultiRequest;
import kafka.zookeeper.MultiResponse;
import kafka.zookeeper.ResponseMetadata;
import kafka.zookeeper.SetDataOp;
import kafka.zookeeper.SetDataRequest;
import kafka.zookeeper.SetDataResponse;
import kafka.zookeeper.ZkOp;
import kafka.zookeeper.ZooKeeperClient;
import org.apache.kafka.common.utils.Time;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.client.ZKClientConfig;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Kafka's ZooKeeper client, which is interrupted at chosen requests: something else happens first, or the answer is an error, be
 * it that the request was lost or that its answer was. Children come sorted, so that the order of reads is one that can be compared.
 */
final class InterruptedZooKeeper extends ZooKeeperClient {
  private static final ResponseMetadata NOW = new ResponseMetadata(0, 0);
  private volatile Node node;

  InterruptedZooKeeper(String where, String name) {
    super(where, 60000, 30000, 10, Time.SYSTEM, "judge", "judge", new ZKClientConfig(), name);
  }

  void belongTo(Node owner) {
    node = owner;
  }

  @Override
  public <Req extends AsyncRequest> Seq<AsyncResponse> handleRequests(Seq<Req> requests) {
    List<AsyncResponse> responses = new ArrayList<>();
    List<Req> together = new ArrayList<>();
    List<Req> all = CollectionConverters.asJava(requests);
    boolean lost = false;
    JsonNode fault = null;
    for (Req request : all) {
      if (node.isHalted()) throw new IllegalStateException("the process is gone");
      Sequence.Interruptions interruptions = node.interruptions();
      if (!lost) {
        if (interruptions.isDueAtRequest()) send(together, responses);
        JsonNode due = interruptions.beforeRequest();
        if (due != null) {
          fault = due;
          if (fault.get("applied").asBoolean()) super.handleRequests(scala.jdk.javaapi.CollectionConverters.asScala(List.of(request)));
          lost = isOfConnection(fault.get("fault").asInt());
          answer(request, refused(request, Code.get(fault.get("fault").asInt())), responses);
          continue;
        }
        together.add(request);
      } else {
        interruptions.passRequest();
        answer(request, refused(request, Code.get(fault.get("fault").asInt())), responses);
      }
    }
    send(together, responses);
    return CollectionConverters.asScala(responses);
  }

  /** What takes with it all that was sent behind. */
  private static boolean isOfConnection(int code) {
    return code == Code.CONNECTIONLOSS.intValue() || code == Code.SESSIONEXPIRED.intValue();
  }

  private <Req extends AsyncRequest> void send(List<Req> requests, List<AsyncResponse> responses) {
    if (requests.isEmpty()) return;
    List<AsyncResponse> answers = CollectionConverters.asJava(super.handleRequests(CollectionConverters.asScala(new ArrayList<>(requests))));
    for (int i = 0; i < answers.size(); ++i) answer(requests.get(i), sorted(answers.get(i)), responses);
    requests.clear();
  }

  private void answer(AsyncRequest request, AsyncResponse response, List<AsyncResponse> responses) {
    node.trace.add(node, describe(request) + "|" + response.resultCode().intValue());
    responses.add(response);
  }

  private static AsyncResponse sorted(AsyncResponse response) {
    if (!(response instanceof GetChildrenResponse)) return response;
    GetChildrenResponse found = (GetChildrenResponse) response;
    List<String> children = new ArrayList<>(CollectionConverters.asJava(found.children()));
    children.sort(null);
    return new GetChildrenResponse(found.resultCode(), found.path(), found.ctx(), CollectionConverters.asScala(children), found.stat(), found.metadata());
  }

  private static AsyncResponse refused(AsyncRequest request, Code code) {
    String path = request.path();
    if (request instanceof MultiRequest) return new MultiResponse(code, null, request.ctx(), null, NOW);
    if (request instanceof GetDataRequest) return new GetDataResponse(code, path, request.ctx(), null, null, NOW);
    if (request instanceof GetChildrenRequest) {
      return new GetChildrenResponse(code, path, request.ctx(), CollectionConverters.asScala(new ArrayList<String>()), null, NOW);
    }
    if (request instanceof CreateRequest) return new CreateResponse(code, path, request.ctx(), null, NOW);
    if (request instanceof SetDataRequest) return new SetDataResponse(code, path, request.ctx(), null, NOW);
    if (request instanceof DeleteRequest) return new DeleteResponse(code, path, request.ctx(), NOW);
    if (request instanceof ExistsRequest) return new ExistsResponse(code, path, request.ctx(), null, NOW);
    throw new IllegalStateException("no driver asks for " + request);
  }

  private static String describe(AsyncRequest request) {
    if (request instanceof MultiRequest) {
      StringBuilder text = new StringBuilder("multi");
      for (ZkOp op : CollectionConverters.asJava(((MultiRequest) request).zkOps())) {
        if (op instanceof CheckOp) text.append(" check ").append(((CheckOp) op).path()).append('@').append(((CheckOp) op).version());
        if (op instanceof SetDataOp) text.append(" setData ").append(((SetDataOp) op).path()).append('@').append(((SetDataOp) op).version());
        if (op instanceof DeleteOp) text.append(" delete ").append(((DeleteOp) op).path()).append('@').append(((DeleteOp) op).version());
        if (op instanceof CreateOp) text.append(" create ").append(((CreateOp) op).path());
      }
      return text.toString();
    }
    String kind = request.getClass().getSimpleName().replace("Request", "");
    String text = Character.toLowerCase(kind.charAt(0)) + kind.substring(1) + " " + request.path();
    if (request instanceof SetDataRequest) text += "@" + ((SetDataRequest) request).version();
    if (request instanceof DeleteRequest) text += "@" + ((DeleteRequest) request).version();
    return text;
  }
}
