import { harness, operations } from "../harness/index.js";
import { signatoryRules } from "./signatories.js";

const document = operations.UnmarkUserAsSignatory!;
signatoryRules(await harness(), { operation: "unmarkUserAsSignatory", document, to: false });
