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
 * Denies permissions, or removes such denials. Arguments: bootstrap servers, then for each change
 * {@code refuse} or {@code allow}, principal, operation, resource type, prefix of the resource's
 * name. Other permissions, and those of other principals, do not change.
 */
class Rights {
    public static void main(String[] args) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            for (int at = 1; at < args.length; at += 5) {
                change(admin, List.of(args).subList(at, at + 5));
            }
        }
    }

    private static void change(Admin admin, List<String> args) throws Exception {
        ResourceType type = ResourceType.fromString(args.get(3));
        PatternType pattern =
                type == ResourceType.CLUSTER ? PatternType.LITERAL : PatternType.PREFIXED;
        ResourcePattern resource = new ResourcePattern(type, args.get(4), pattern);
        AclOperation operation = AclOperation.fromString(args.get(2));
        AclBinding denied = rule(resource, args.get(1), operation, AclPermissionType.DENY);
        if (args.get(0).equals("allow")) {
            admin.deleteAcls(List.of(denied.toFilter())).all().get();
            return;
        }
        // If a resource has any ACL, Kafka allows only what an ACL allows, so allow everything
        // first.
        AclBinding all = rule(resource, "User:*", AclOperation.ALL, AclPermissionType.ALLOW);
        admin.createAcls(List.of(all)).all().get();
        admin.createAcls(List.of(denied)).all().get();
    }

    private static AclBinding rule(
            ResourcePattern resource,
            String principal,
            AclOperation operation,
            AclPermissionType permission) {
        var entry = new AccessControlEntry(principal, "*", operation, permission);
        return new AclBinding(resource, entry);
    }
}
