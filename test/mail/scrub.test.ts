import { scrub } from "../../src/mail/scrub.js";

const TOKEN = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdEfGhIj";

test.each([
  [`550 no ${TOKEN} here`, "550 no … here"],
  [`550 ${TOKEN.slice(0, 20)}=\r\n${TOKEN.slice(20)} folded`, "550 … folded"],
  [`550 token=3D${TOKEN} encoded`, "550 token=… encoded"],
  [`550-${TOKEN.slice(0, 24)}\n550 ${TOKEN.slice(24)}`, "550-…\n550 …"],
  [`${TOKEN} ${TOKEN}`, "… …"],
  ["550 5.1.1 <ida@example.com> no such user", "550 5.1.1 <ida@example.com> no such user"],
  [`550 ${TOKEN.slice(0, 11)}`, `550 ${TOKEN.slice(0, 11)}`],
  ["550 caf=C3=A9", "550 caf=C3=A9"],
  ["", ""],
])("%j becomes %j", (text, clean) => {
  expect(scrub(text, [TOKEN])).toBe(clean);
});
