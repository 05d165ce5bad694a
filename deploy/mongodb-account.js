// Runs once, on an empty volume: creates the account in the secret mongodb_url, with rights to
// Parley's own database only. It needs dbAdmin because the processes update collection validators
// with collMod, which readWrite does not permit.
const url = new URL(require("fs").readFileSync("/run/secrets/mongodb_url", "utf8").trim());
db.getSiblingDB("admin").createUser({
  user: decodeURIComponent(url.username),
  pwd: decodeURIComponent(url.password),
  roles: [
    { role: "readWrite", db: "parley" },
    { role: "dbAdmin", db: "parley" },
  ],
});
