import { type ClassType, Field, InputType, registerEnumType } from "type-graphql";
import type { Direction } from "./keyset.js";

export enum OrderDirection {
  ASC = "ASC",
  DESC = "DESC",
}
registerEnumType(OrderDirection, {
  name: "OrderDirection",
  description: "Which way a list is ordered.",
  valuesConfig: { ASC: { description: "From the lowest." }, DESC: { description: "From the highest." } },
});

/** How a list is ordered, as an argument says it. */
export interface Order<OrderField> {
  field?: OrderField | null;
  direction?: Direction | null;
}

/** The input type that orders the lists of a type, by one of the fields of an enum. */
export function orderOf(type: string, fields: object, usual: string): ClassType {
  class TypeOrder {}
  Field(() => fields, { nullable: true, description: `By what. Null: by ${usual}.` })(TypeOrder.prototype, "field");
  Field(() => OrderDirection, { nullable: true, description: "Which way. Null: ascending." })(
    TypeOrder.prototype,
    "direction",
  );
  InputType(`${type}Order`, { description: "What a list is ordered by, and which way." })(TypeOrder);
  return TypeOrder;
}
