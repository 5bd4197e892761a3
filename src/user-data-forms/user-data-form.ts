import { ObjectType } from "type-graphql";
import { Form } from "../forms/index.js";

@ObjectType({
  implements: Form,
  description: "A form that captures more about users; users fill in implementations of it.",
})
export class UserDataForm extends Form {}
