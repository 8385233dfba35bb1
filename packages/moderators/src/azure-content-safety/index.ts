export { azureSeverity, type AzureCategory } from './answer.ts';
export { azureContentSafety, type AzureContentSafetyOptions } from './azure-content-safety.ts';
