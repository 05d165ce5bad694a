// Run once, on an empty volume: makes the account that the secret mongodb_url names, with rights to
// the product's own database and no other (dbAdmin: the processes bring collection validators up to
// date by collMod, which readWrite alone may not).
const url = new URL(require("fs").readFileSync("/run/secrets/mongodb_url", "utf8").trim());
db.getSiblingDB("admin").createUser({
  user: decodeURIComponent(url.username),
  pwd: decodeURIComponent(url.password),
  roles: [
    { role: "readWrite", db: "parley" },
    { role: "dbAdmin", db: "parley" },
  ],
});
