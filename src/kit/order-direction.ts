import { registerEnumType } from "type-graphql";

export enum OrderDirection {
  ASC = "ASC",
  DESC = "DESC",
}
registerEnumType(OrderDirection, {
  name: "OrderDirection",
  description: "Which way a list is ordered.",
  valuesConfig: { ASC: { description: "From the lowest." }, DESC: { description: "From the highest." } },
});
