import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * Takes the right to write to a topic away, or gives it back: bootstrap servers, {@code refuse} or
 * {@code allow}, topic. Everybody else's rights stay as they are.
 */
class Rights {
    public static void main(String[] args) throws Exception {
        ResourcePattern topic = new ResourcePattern(ResourceType.TOPIC, args[2], PatternType.LITERAL);
        List<AclBinding> rules =
                List.of(
                        rule(topic, AclOperation.ALL, AclPermissionType.ALLOW),
                        rule(topic, AclOperation.WRITE, AclPermissionType.DENY));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            if (args[1].equals("refuse")) {
                admin.createAcls(rules).all().get();
            } else {
                admin.deleteAcls(rules.stream().map(AclBinding::toFilter).toList()).all().get();
            }
        }
    }

    private static AclBinding rule(ResourcePattern on, AclOperation what, AclPermissionType may) {
        return new AclBinding(on, new AccessControlEntry("User:*", "*", what, may));
    }
}
