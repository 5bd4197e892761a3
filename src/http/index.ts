export { documentStore } from "./documents.js";
export { answerErrorsAsGraphQL } from "./errors.js";
export { healthRoutes } from "./health.js";
export { demandRouter } from "./router.js";
export { safelist } from "./safelist.js";
