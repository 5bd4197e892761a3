import { harness, operations } from "../harness/index.js";
import { signatoryRules } from "./signatories.js";

const document = operations.MarkUserAsSignatory!;
signatoryRules(await harness(), { operation: "markUserAsSignatory", document, to: true });
