// Health check of the stack's MongoDB, run by mongosh: healthy is "takes writes as the set's primary".
// A member that was never in a set is put into one of its own first, so a new volume needs no hand.
// The image's own first start, which makes the accounts, is outside the set and not healthy yet.
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
