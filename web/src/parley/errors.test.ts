import { describe, expect, test } from "vitest";
import { asParleyError, errorFromAck, errorFromProblem, explain, ParleyError } from "./errors";

describe("problem+json", () => {
  test("keeps code, detail, field errors and request id", () => {
    const error = errorFromProblem(422, {
      type: "about:blank",
      title: "Some values are invalid",
      status: 422,
      detail: "Some values are invalid: title.",
      code: "validation_failed",
      errors: [{ path: "title", message: "Must not be blank." }, { nonsense: true }],
      request_id: "r-1",
    });
    expect(error).toMatchObject({
      code: "validation_failed",
      status: 422,
      is_temporary: false,
      request_id: "r-1",
      errors: [{ path: "title", message: "Must not be blank." }],
    });
    expect(explain(error)).toBe("Some values are invalid: title.");
  });

  test.each([
    [429, "rate_limited", true],
    [502, "unavailable", true],
    [500, "internal", true],
    [412, "stale_revision", false],
    [401, "unauthenticated", false],
    [400, "malformed", false],
  ])("a body that is not a problem gets its code from the status %i", (status, code, is_temporary) => {
    expect(errorFromProblem(status, null)).toMatchObject({ code, is_temporary });
  });

  test("Retry-After is kept in seconds and ignored as a date", () => {
    expect(errorFromProblem(429, {}, "2").retry_after_ms).toBe(2_000);
    expect(errorFromProblem(429, {}, "Wed, 21 Oct 2030 07:28:00 GMT").retry_after_ms).toBeUndefined();
    expect(errorFromProblem(429, {}, null).retry_after_ms).toBeUndefined();
  });

  test("a request whose first attempt is still running may be retried", () => {
    expect(errorFromProblem(409, { code: "idempotency_key_in_use" }).is_temporary).toBe(true);
    expect(errorFromProblem(409, { code: "wrong_state" }).is_temporary).toBe(false);
  });
});

describe("acknowledgements", () => {
  test("keep code, message, temporary and retry_after_ms", () => {
    const error = { code: "rate_limited", message: "Slow down.", temporary: true, retry_after_ms: 700 };
    expect(errorFromAck(error)).toMatchObject({
      code: "rate_limited",
      message: "Slow down.",
      is_temporary: true,
      retry_after_ms: 700,
    });
  });

  test.each([undefined, null, "no", 7, []])("an invalid value (%j) becomes an internal error, never an exception", (value) => {
    expect(errorFromAck(value)).toMatchObject({ code: "internal", is_temporary: false });
  });
});

describe("the sentence shown for an error", () => {
  test("says what to do, for a known code", () => {
    expect(explain(new ParleyError("rate_limited", "429"))).toMatch(/wait/i);
    expect(explain(new ParleyError("stale_revision", "412"))).toMatch(/save again/i);
  });

  test("is the server's message, for an unknown code", () => {
    expect(explain(new ParleyError("brand_new", "Do it on Tuesday."))).toBe("Do it on Tuesday.");
  });

  test("contains the request id as a reference, for an internal error", () => {
    expect(explain(new ParleyError("internal", "boom", { request_id: "r-9" }))).toContain("r-9");
  });

  test("any thrown value becomes an error with a code", () => {
    expect(asParleyError(new TypeError("x"))).toMatchObject({ code: "internal", message: "x" });
    expect(asParleyError("y")).toMatchObject({ code: "internal", message: "y" });
  });
});
