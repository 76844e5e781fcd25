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
 * Denies a permission, or removes the denial. Arguments: bootstrap servers, {@code refuse} or
 * {@code allow}, principal, operation, resource type, prefix of the resource's name. Other
 * permissions, and those of other principals, do not change.
 */
class Rights {
    public static void main(String[] args) throws Exception {
        ResourceType type = ResourceType.fromString(args[4]);
        PatternType pattern =
                type == ResourceType.CLUSTER ? PatternType.LITERAL : PatternType.PREFIXED;
        ResourcePattern resource = new ResourcePattern(type, args[5], pattern);
        AclOperation operation = AclOperation.fromString(args[3]);
        // If a resource has any ACL, Kafka allows only what an ACL allows, so allow everything
        // first.
        AclBinding all = rule(resource, "User:*", AclOperation.ALL, AclPermissionType.ALLOW);
        AclBinding denied = rule(resource, args[2], operation, AclPermissionType.DENY);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            if (args[1].equals("refuse")) {
                admin.createAcls(List.of(all)).all().get();
                admin.createAcls(List.of(denied)).all().get();
            } else {
                admin.deleteAcls(List.of(denied.toFilter())).all().get();
            }
        }
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
