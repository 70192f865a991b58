// What a second operator asks for is what the first one asked for, to the letter.

import { send } from "../../api/client";
import { operatorUserRole, operatorWithdrawalApprove, type Approval, type OfWithdrawal, type SetRole } from "../../api/generated";

/** Asks for what waits. An Error when this page does not know the operation: then the server is newer than it. */
export function repeatedCall(approval: Approval): Promise<unknown> {
  if (approval.operation === "user.role") return send(operatorUserRole(approval.arguments as unknown as SetRole));
  if (approval.operation === "withdrawal.approve") return send(operatorWithdrawalApprove(approval.arguments as unknown as OfWithdrawal));
  throw new Error(`This page does not know ${approval.operation}; load it again.`);
}
