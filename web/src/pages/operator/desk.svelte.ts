// What several of the operator's pages show: who one is there, and what waits for somebody's word.

import { send } from "../../api/client";
import { operatorApprovalList, operatorWithdrawalList, type Approval, type WithdrawalRow } from "../../api/generated";
import { Resource } from "../../stores/resource.svelte";
import { session } from "../../stores/session.svelte";

const WAITING_EVERY = 5_000;

class Desk {
  readonly withdrawals = new Resource<WithdrawalRow[]>(() => send(operatorWithdrawalList({ state: "awaiting", limit: 200 })));
  readonly approvals = new Resource<Approval[]>(() => send(operatorApprovalList()));

  /** Whether one may change something; the server judges it anyway. */
  get mayChange(): boolean {
    return session.profile?.role === "operator";
  }

  /** What waits for a second operator, but withdrawals, which have a list of their own. */
  get otherApprovals(): Approval[] {
    return (this.approvals.value ?? []).filter((each) => each.operation !== "withdrawal.approve");
  }

  keepWaiting(): () => void {
    const ends = [this.withdrawals.keep(WAITING_EVERY), this.approvals.keep(WAITING_EVERY)];
    return () => ends.forEach((end) => end());
  }

  reloadWaiting(): Promise<unknown> {
    return Promise.all([this.withdrawals.load(), this.approvals.load()]);
  }
}

export const desk = new Desk();
