export { type ApprovalTasks, startApprovalTasks } from './tekton/approval-tasks.ts';
