export { closing } from "./closing.js";
export { demandAddress } from "./address.js";
export { documents } from "./documents.js";
export { answerErrorsAsGraphQL, refusePath } from "./errors.js";
export { health } from "./health.js";
export { demandPlainBody, readBodiesAsUtf8, statusByMediaType } from "./media-type.js";
export { type Asked, isProbe, logRequests } from "./request-log.js";
export { demandRouter } from "./router.js";
export { safelist } from "./safelist.js";
