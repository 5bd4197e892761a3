import { balance } from "../harness/balancer.js";
import { serve } from "./service.js";

export interface BalancerSettings {
  urls: string[];
}

/** Hands requests to servers in turn. */
serve(async ({ urls }: BalancerSettings) => `${(await balance(urls)).url}/graphql`);
