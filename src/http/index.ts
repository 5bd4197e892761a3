export { documentStore } from "./documents.js";
export { answerErrorsAsGraphQL } from "./errors.js";
export { healthRoutes } from "./health.js";
export { statusByMediaType } from "./media-type.js";
export { demandRouter } from "./router.js";
export { safelist } from "./safelist.js";
