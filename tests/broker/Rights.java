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
 * Takes a right away, or gives it back: bootstrap servers, {@code refuse} or {@code allow}, the
 * principal, the operation, the kind of resource, and what its name begins with. Other rights, and
 * everybody else's, stay as they are.
 */
class Rights {
    public static void main(String[] args) throws Exception {
        ResourceType type = ResourceType.fromString(args[4]);
        PatternType pattern =
                type == ResourceType.CLUSTER ? PatternType.LITERAL : PatternType.PREFIXED;
        ResourcePattern on = new ResourcePattern(type, args[5], pattern);
        AclOperation operation = AclOperation.fromString(args[3]);
        AclBinding all = rule(on, "User:*", AclOperation.ALL, AclPermissionType.ALLOW);
        AclBinding refused = rule(on, args[2], operation, AclPermissionType.DENY);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            if (args[1].equals("refuse")) {
                admin.createAcls(List.of(all)).all().get();
                admin.createAcls(List.of(refused)).all().get();
            } else {
                admin.deleteAcls(List.of(refused.toFilter())).all().get();
            }
        }
    }

    private static AclBinding rule(
            ResourcePattern on, String who, AclOperation what, AclPermissionType may) {
        return new AclBinding(on, new AccessControlEntry(who, "*", what, may));
    }
}
