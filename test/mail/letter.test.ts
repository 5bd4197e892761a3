import { layOut, type Letter } from "../../src/mail/index.js";

const LETTER: Letter = {
  to: "ida@example.com",
  subject: "You are invited",
  paragraphs: ["Ada invites you.", "Welcome."],
  quote: { author: "Ada", text: "Dear Ida,\r\n\r\nsee you\nsoon" },
  action: { label: "Accept", url: "https://platform.example/accept?token=abc&x=1" },
  closing: ["Until tomorrow."],
};

test("says the same as text and as HTML, for the tenant, and keeps the line breaks of what a person wrote", () => {
  const { subject, text, html } = layOut(LETTER, "Acme Capital");
  expect(subject).toBe("You are invited");
  expect(text).toBe(`Acme Capital

Ada invites you.

Welcome.

Ada writes:

> Dear Ida,
>
> see you
> soon

Accept:
https://platform.example/accept?token=abc&x=1

Until tomorrow.

--${" "}
Acme Capital
`);
  expect(html).toContain("Dear Ida,<br><br>see you<br>soon");
  expect(html).toContain(`href="https://platform.example/accept?token=abc&amp;x=1"`);
  expect(html.match(/Acme Capital/g)).toHaveLength(2);
});

test("loads nothing", () => {
  const { html } = layOut(LETTER, "Acme Capital");
  expect(html).not.toMatch(/<(img|link|script|iframe)|src=|url\(|@import/);
});

test.each(["<b>x</b>", `"><script>alert(1)</script>`, "'&lt;", "<!--"])("%j is text wherever it stands", (evil) => {
  const action = { label: evil, url: "https://platform.example/" };
  const { html } = layOut(
    { to: "a@b.cd", subject: evil, paragraphs: [evil], quote: { author: evil, text: evil }, action, closing: [evil] },
    evil,
  );
  const { html: harmless } = layOut(
    { to: "a@b.cd", subject: "x", paragraphs: ["x"], quote: { author: "x", text: "x" }, action, closing: ["x"] },
    "x",
  );
  const markup = (text: string): string => text.replace(/>[^<]*</g, "><");
  expect(markup(html)).toBe(markup(harmless));
});

test.each(["A\r\nBcc: x@example.com", "A\nB", "A\u2028B", "A\0B", "A\u0085B", "  A \t B  "])(
  "%j is one line in a subject and a tenant's name",
  (name) => {
    const { subject, text } = layOut({ to: "a@b.cd", subject: name, paragraphs: [name] }, name);
    const line = name.startsWith("A\r\n") ? "A Bcc: x@example.com" : "A B";
    expect(subject).toBe(line);
    expect(text).toBe(`${line}\n\n${line}\n\n-- \n${line}\n`);
  },
);

test("marks that turn the direction of the words around them are left out", () => {
  expect(layOut({ to: "a@b.cd", subject: "\u202eevil\u202c \u2066x\u2069", paragraphs: [] }, "T").subject).toBe(
    "evil x",
  );
});
