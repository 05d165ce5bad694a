// Health check of the stack's MongoDB, run by mongosh. Healthy means that it accepts writes as the
// replica set's primary. The check first initiates a set for a member that was never in one, so a new
// volume needs no manual step. While the image's first start creates the accounts, the server is
// outside the set and not healthy yet.
const password = require("fs").readFileSync("/run/secrets/mongodb_root_password", "utf8").trim();
const admin = connect(
  "mongodb://127.0.0.1:27017/admin?directConnection=true&serverSelectionTimeoutMS=4000",
);
admin.auth("root", password);
if (admin.hello().isreplicaset) {
  admin.adminCommand({
    replSetInitiate: { _id: "parley", members: [{ _id: 0, host: "mongodb:27017" }] },
  });
}
const hello = admin.hello();
quit(hello.setName === "parley" && hello.isWritablePrimary ? 0 : 1);
